/**
 * Is the journal sound, and what waits in it? As `npm run journal -- verify` has it, in short: what is
 * well is one line.
 */
import { basename } from 'node:path';
import { describeError, errorCode, formatDuration, type Settings } from '@zdenergy/core';
import {
  askProgress,
  diskFiles,
  judgeJournal,
  surveyJournal,
  type JournalVerdict,
} from '@zdenergy/storage';
import { databaseUrl, journalDirectories, journalRoot } from '../command/installation.js';
import { counted } from '../command/text.js';
import { reportLines } from '../journal/report.js';
import { failure, marks, ok, warning, type Finding, type Level } from './finding.js';

export interface JournalLook {
  readonly findings: readonly Finding[];
  /** Of the journals that could be read. */
  readonly verdicts: readonly JournalVerdict[];
}

/** @param databaseProblem why the database cannot be asked; it is not tried again then. */
export async function checkJournals(
  settings: Settings,
  databaseProblem: string | undefined,
): Promise<JournalLook> {
  const root = journalRoot(settings);
  let directories: string[];
  try {
    directories = await journalDirectories(root);
  } catch (error) {
    return { findings: [unreadable(root, error)], verdicts: [] };
  }
  if (directories.length === 0) {
    const text = `there is none in ${root}`;
    return {
      findings: [warning(text, 'zdenergy makes it when it starts; is DATA_DIR right?')],
      verdicts: [],
    };
  }
  const findings: Finding[] = [];
  const verdicts: JournalVerdict[] = [];
  for (const directory of directories) {
    try {
      const { verdict, lines } = await verify(directory, settings, databaseProblem);
      verdicts.push(verdict);
      findings.push(...inShort(basename(directory), lines, verdict, Date.now()));
    } catch (error) {
      findings.push(unreadable(directory, error));
    }
  }
  return { findings, verdicts };
}

async function verify(
  directory: string,
  settings: Settings,
  databaseProblem: string | undefined,
): Promise<{ verdict: JournalVerdict; lines: string[] }> {
  const survey = await surveyJournal(directory, diskFiles);
  const { journal } = survey;
  if (databaseProblem !== undefined || journal === null) {
    const verdict = judgeJournal(survey, databaseProblem === undefined ? null : undefined);
    const answer =
      databaseProblem === undefined
        ? ({ kind: 'answered' } as const)
        : ({ kind: 'away', problem: databaseProblem } as const);
    return { verdict, lines: reportLines(survey, verdict, answer, Date.now()) };
  }
  const progress = (await askProgress(await databaseUrl(settings), [journal])).get(journal);
  const verdict = judgeJournal(survey, progress ?? null);
  return { verdict, lines: reportLines(survey, verdict, { kind: 'answered' }, Date.now()) };
}

/** What is not well, each with its mark; else one line for all. */
function inShort(
  name: string,
  lines: readonly string[],
  verdict: JournalVerdict,
  nowMs: number,
): Finding[] {
  const findings = markedFindings(lines.slice(1)).filter(({ level }) => level !== 'ok');
  if (findings.length > 0) {
    return findings.map((finding) => ({ ...finding, text: `${name}: ${finding.text}` }));
  }
  const { pending, pendingSinceMs, items } = verdict;
  const age =
    pendingSinceMs === null
      ? ''
      : `, the oldest for ${formatDuration(Math.max(0, nowMs - pendingSinceMs))}`;
  const waiting =
    pending === 0 ? 'nothing waits' : `${counted(pending, 'reading')} on the way${age}`;
  return [ok(`${name} is sound: ${counted(items, 'reading')} in it, ${waiting}`)];
}

/** Lines that begin with a mark; one without belongs to the line before. */
function markedFindings(lines: readonly string[]): Finding[] {
  const findings: { level: Level; text: string; todo: string[] }[] = [];
  for (const line of lines.map((text) => text.trim())) {
    const level = (Object.keys(marks) as Level[]).find((each) => line.startsWith(marks[each]));
    if (level === undefined) findings.at(-1)?.todo.push(line);
    else findings.push({ level, text: line.slice(marks[level].length).trim(), todo: [] });
  }
  return findings;
}

function unreadable(directory: string, error: unknown): Finding {
  const mayNot = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
  return failure(
    `${directory} cannot be read: ${describeError(error)}`,
    mayNot ? 'run this as the user that runs zdenergy' : 'check the disk (dmesg, smartctl)',
  );
}
