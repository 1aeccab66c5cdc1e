import { doctorCommand } from './doctor.js';
import { explainCommand } from './explain.js';
import { lintCommand } from './lint.js';
import { type Command, EXIT, type Terminal, UsageError } from './terminal.js';

const COMMANDS: Readonly<Record<string, Command>> = {
  doctor: doctorCommand,
  explain: explainCommand,
  lint: lintCommand,
};

/** For the help of the relay itself. */
export const COMMAND_LIST = Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  stomp-relay ${name.padEnd(8)} ${summary}`)
  .join('\n');

export function isCommand(name: string | undefined): name is string {
  return name !== undefined && Object.hasOwn(COMMANDS, name);
}

/** Runs a command to its exit code; never rejects, whatever goes wrong. */
export async function runCommand(name: string, args: readonly string[], terminal: Terminal): Promise<number> {
  const command = COMMANDS[name] as Command;
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(command.help);
    return EXIT.yes;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    terminal.err(`stomp-relay ${name}: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UsageError) terminal.err(`See: stomp-relay ${name} --help`);
    return EXIT.failed;
  }
}
