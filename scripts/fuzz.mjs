import { runProgram } from './lib/program.mjs';

await runProgram({
  main: 'fuzz/main.js',
  help: `Throws made-up and damaged input at the codec and at a live relay, and looks whether anything breaks.

  npm run fuzz [-- options]

  --short   half a minute, as in the tests
  --help    this text; all options once the project has been built
`,
  patience: 10_000,
});
