import { runProgram } from './lib/program.mjs';

await runProgram({
  main: 'torture/main.js',
  help: `Breaks everything that can break while messages are published, and counts what was lost.

  npm run torture [-- options]

  --short   under a minute, as in the tests
  --help    this text; all options once the project has been built
`,
  // Stopping the broker in order is the slowest.
  patience: 10_000,
});
