import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './terminal.js';

/**
 * Reads a command line.
 * @throws UsageError that never repeats an argument: a token that was put in the wrong place would be shown
 */
export function readArguments<O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      throw new UsageError('an option that takes a value has none, or one that takes none has one');
    }
    throw new UsageError(`there is an option that is not known; known are ${known.join(', ')}`);
  }
}
