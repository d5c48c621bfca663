/**
 * PM2: `pm2 start ecosystem.config.js` runs zdenergy, `pm2 sendSignal SIGHUP zdenergy` reloads it
 * without refusing a connection (`pm2 reload` stops and starts, some 2 s without the service).
 */
'use strict';

module.exports = {
  apps: [
    {
      name: 'zdenergy',
      script: 'scripts/start.js',
      cwd: __dirname,
      exec_mode: 'fork',
      instances: 1,
      // The supervisor says when everything is ready, and ends its own children within 12 s.
      wait_ready: true,
      listen_timeout: 30_000,
      treekill: false,
      kill_timeout: 15_000,
      // Without it PM2 gives up for good after 15 quick deaths.
      exp_backoff_restart_delay: 100,
      // 78: wrong settings, which no restart mends. 143: stopped while PM2 still waited for "ready".
      stop_exit_codes: [78, 143],
      // The log's lines carry their time already.
      merge_logs: true,
      time: false,
    },
  ],
};
