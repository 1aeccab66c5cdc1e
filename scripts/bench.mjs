import { runProgram } from './lib/program.mjs';

await runProgram({
  main: 'bench/main.js',
  help: `Compares the relay with RabbitMQ's own Web-STOMP on the same broker.

  npm run bench [-- options]

  --quick   a first look in under a minute
  --help    this text; all options once the project has been built
`,
  patience: 5000,
  needsBroker: (args) => !args.includes('--broker'),
});
