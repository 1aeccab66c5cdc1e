import { runProgram } from './lib/program.mjs';

await runProgram({
  main: 'soak/main.js',
  help: `Lets clients come and go for a long time, and looks for what is left behind and what was lost.

  npm run soak [-- options]

  --short   a minute or so: does it work
  --help    this text; all options once the project has been built
`,
  // Stopping the broker in order is the slowest.
  patience: 10_000,
});
