import type { Command } from '../unread/verdict.js';
import type { MailboxMaker } from './mailbox-maker.js';

/** What a command has done: whether the mailbox is gone now, and how many messages went with it. */
export interface Done {
  gone: boolean;
  cleared: number;
}

export const NOTHING_DONE: Done = { gone: false, cleared: 0 };

/** Does what another relay asked for, once everything before it in the mailbox's line is done. */
export async function carryOut(command: Command, key: string, maker: MailboxMaker): Promise<Done> {
  switch (command) {
    case 'passed':
      // That it is this one's turn is the answer.
      return NOTHING_DONE;
    case 'remove':
      return { gone: await maker.deleteUnused(key), cleared: 0 };
    case 'clear':
      return { gone: true, cleared: await maker.delete(key) };
  }
}
