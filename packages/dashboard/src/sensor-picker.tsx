/**
 * The choice of sensors: a combobox that searches on the server, with a list of several to select
 * (WAI-ARIA: combobox with a listbox popup, multiselectable).
 *
 * What always holds: everything can be done by keyboard; of two searches only the later one counts;
 * no more sensors are chosen than charts can tell apart.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askApi, describeProblem } from './api.js';
import type { Sensor, SensorsAnswer } from './api-answers.js';
import { formatAge } from './format.js';
import { serverNowMs } from './server-clock.js';
import { StatusBadge } from './status-badge.js';
import { Symbol } from './symbols.js';
import { maxChosenSensors } from './view-url.js';

const debounceMs = 200;
const maxShown = 50;

interface SensorPickerProps {
  /** As in the address; empty: the sensor that reported last. */
  readonly chosen: readonly string[];
  readonly shown: readonly string[];
  readonly onChoose: (chosen: readonly string[]) => void;
}

export function SensorPicker({ chosen, shown, onChoose }: SensorPickerProps): JSX.Element {
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const { found, hasMore, problem } = useSearch(text, isOpen);
  const isFull = chosen.length >= maxChosenSensors;
  const activeSensor = isOpen ? found?.[active] : undefined;

  const toggle = (id: string): void => {
    if (chosen.includes(id)) onChoose(chosen.filter((each) => each !== id));
    else if (!isFull) onChoose([...chosen, id]);
  };
  const move = (to: number): void => {
    setOpen(true);
    setActive(Math.max(0, Math.min((found?.length ?? 1) - 1, to)));
  };
  const close = (): void => {
    setOpen(false);
    setActive(0);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(isOpen ? active + 1 : 0),
    ArrowUp: () => move(isOpen ? active - 1 : 0),
    PageDown: () => move(active + 8),
    PageUp: () => move(active - 8),
    Enter: () => {
      if (activeSensor === undefined) setOpen(true);
      else toggle(activeSensor.sensor_id);
    },
    Escape: () => {
      if (isOpen) close();
      else setText('');
    },
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Backspace' && text === '' && chosen.length > 0) {
      onChoose(chosen.slice(0, -1));
      return;
    }
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };

  useEffect(() => setActive(0), [text]);
  useEffect(() => {
    document.getElementById(optionId(active))?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  return (
    <div
      class="picker"
      onFocusOut={(event) => {
        const next = event.relatedTarget;
        if (next instanceof Node && event.currentTarget.contains(next)) return;
        close();
        setText('');
      }}
    >
      <label for="sensor-search">Sensors</label>
      <div class="picker-field">
        <Chips
          chosen={chosen}
          shown={shown}
          onChoose={onChoose}
          onRemoved={() => input.current?.focus()}
        />
        <input
          id="sensor-search"
          ref={input}
          type="text"
          role="combobox"
          autocomplete="off"
          spellcheck={false}
          placeholder={isFull ? `${maxChosenSensors} at most` : 'Search a sensor…'}
          aria-expanded={isOpen}
          aria-controls="sensor-options"
          aria-autocomplete="list"
          aria-activedescendant={activeSensor === undefined ? undefined : optionId(active)}
          aria-describedby="sensor-help"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setOpen(true);
          }}
          onClick={() => setOpen(true)}
          onKeyDown={onKeyDown}
        />
      </div>
      <p id="sensor-help" class="unseen">
        Type to search. Arrow keys move, Enter chooses or takes back, Escape closes.{' '}
        {maxChosenSensors} sensors at most.
      </p>
      <div class="popup" hidden={!isOpen}>
        <ul
          id="sensor-options"
          role="listbox"
          aria-multiselectable="true"
          aria-label="Sensors found"
          // A press must not take the focus away from the field.
          onMouseDown={(event) => event.preventDefault()}
        >
          {found?.map((sensor, index) => {
            const { sensor_id: id } = sensor;
            const isChosen = chosen.includes(id);
            return (
              <li
                key={id}
                id={optionId(index)}
                role="option"
                aria-selected={isChosen}
                aria-disabled={!isChosen && isFull}
                class={index === active ? 'active' : ''}
                onClick={() => toggle(id)}
                onMouseMove={() => setActive(index)}
              >
                <span class="check" aria-hidden="true">
                  {isChosen ? '✓' : ''}
                </span>
                <span class="sensor-id">{id}</span>
                <StatusBadge status={sensor.status} />
                <span class="age">
                  {formatAge((serverNowMs() - Date.parse(sensor.received_at)) / 1_000)}
                </span>
              </li>
            );
          })}
        </ul>
        <p class="popup-note" role="status">
          {problem ?? noteOn(found?.length, hasMore, text, isFull)}
        </p>
      </div>
    </div>
  );
}

const optionId = (index: number): string => `sensor-option-${index}`;

function noteOn(
  count: number | undefined,
  hasMore: boolean,
  text: string,
  isFull: boolean,
): string {
  if (isFull)
    return `${maxChosenSensors} sensors are chosen, and more cannot be told apart. Take one back first.`;
  if (count === undefined) return 'Searching…';
  if (count === 0)
    return text === '' ? 'No sensor is known yet.' : `No sensor has “${text}” in its name.`;
  return hasMore ? `The first ${count}; type to narrow it down.` : `${count} found.`;
}

interface ChipsProps extends SensorPickerProps {
  readonly onRemoved: () => void;
}

function Chips({ chosen, shown, onChoose, onRemoved }: ChipsProps): JSX.Element {
  if (chosen.length === 0) {
    return shown[0] === undefined ? (
      <></>
    ) : (
      <span class="chip auto" title="Nothing is chosen: this is the sensor that reported last.">
        <span class="swatch colour-1" />
        <span class="sensor-id">{shown[0]}</span>
        <em>latest</em>
      </span>
    );
  }
  return (
    <ul class="chips" aria-label="Chosen sensors">
      {chosen.map((id, index) => (
        <li class="chip" key={id}>
          <span class={`swatch colour-${index + 1}`} />
          <span class="sensor-id">{id}</span>
          <button
            aria-label={`Take ${id} back`}
            onClick={() => {
              onChoose(chosen.filter((each) => each !== id));
              onRemoved();
            }}
          >
            <Symbol name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface Found {
  /** Undefined: not known yet. */
  readonly found: readonly Sensor[] | undefined;
  readonly hasMore: boolean;
  readonly problem: string | null;
}

function useSearch(text: string, isWanted: boolean): Found {
  const [result, setResult] = useState<Found>({ found: undefined, hasMore: false, problem: null });
  const isFirst = result.found === undefined;
  useEffect(() => {
    if (!isWanted) return undefined;
    const abort = new AbortController();
    const search = (): void => {
      askApi<SensorsAnswer>('/api/sensors', { search: text, limit: maxShown }, abort.signal).then(
        ({ sensors, next }) => setResult({ found: sensors, hasMore: next !== null, problem: null }),
        (error: unknown) => {
          if (abort.signal.aborted) return;
          setResult({ found: [], hasMore: false, problem: describeProblem(error) });
        },
      );
    };
    const timer = window.setTimeout(search, isFirst ? 0 : debounceMs);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [text, isWanted]);
  return result;
}
