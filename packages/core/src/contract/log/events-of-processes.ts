/** Lines about the process and its listeners. */
export const PROCESS_EVENTS = {
  'listener.opened': {
    level: 'info',
    text: 'listening on {url}',
    about: 'Clients may connect there.',
    act: 'Nothing.',
  },
  'listener.open-to-all': {
    level: 'warn',
    text: '{url}: {reached} may read and write everything ({flag})',
    about: 'Others than this machine reach a listener, and no access rules hold there.',
    act: 'Name users and rules in a configuration, unless that is what you want.',
  },
  'listener.local-only': {
    level: 'warn',
    text: '{url}: this machine alone is let in there: others need --allow-anonymous',
    about: 'Others reach a listener, and are not let in.',
    act: 'Name users in a configuration, or allow everybody.',
  },
  'listener.failed': {
    level: 'error',
    text: '{transport} listener: {cause}',
    about: 'A connection could not be accepted: mostly there are too few file descriptors.',
    act: 'Raise the limit (`ulimit -n`, `LimitNOFILE=`).',
  },
  'process.workers': {
    level: 'info',
    text: '{count} workers ({pids})',
    about: 'The processes of `--workers` are up.',
    act: 'Nothing.',
  },
  'worker.ended': {
    level: 'error',
    text: 'worker {worker} has ended ({how}): it is started again in {seconds} s',
    about: 'One of the processes of `--workers` has ended.',
    act: 'The lines of that process say why. Report it.',
  },
  'worker.restarted': {
    level: 'info',
    text: 'worker {worker} listens again ({pid})',
    about: '`worker.ended` is over.',
    act: 'Nothing.',
  },
  'process.signal': {
    level: 'info',
    text: '{signal}: it changes nothing',
    about: 'A signal came that other brokers know.',
    act: 'Nothing.',
  },
  'process.stopping': {
    level: 'info',
    text: '{signal}: stopping',
    about: 'A signal asks the process to end.',
    act: 'Nothing.',
  },
  'process.stopped': {
    level: 'info',
    text: 'stopped',
    about: 'All connections are closed, and what is kept is written.',
    act: 'Nothing.',
  },
  'systemd.failed': {
    level: 'error',
    text: 'systemd-notify: {cause}: systemd is not told how the service fares',
    about: 'The program `systemd-notify` cannot be run.',
    act: 'Install it, or leave `Type=notify` out of the unit.',
  },
} as const
