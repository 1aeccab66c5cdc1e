import { type Centre, type CentreChange, type Kind, kinds, type Notice } from '../../../demo/contract.js';

/** As many as the service keeps for one person. */
const MAX_NOTICES = 100;

export const emptyCentre: Centre = { notices: [], muted: [], following: [] };

/**
 * What the service holds, joined with what we have heard meanwhile: the answer may have been on its way when a notice
 * was pushed or read.
 */
export function joinCentre(ours: Centre, theirs: Centre): Centre {
  return { ...theirs, notices: merge(ours.notices, theirs.notices) };
}

/** One that arrived. The same one again, as at-least-once delivery may bring it, changes nothing. */
export function addNotice(centre: Centre, notice: Notice): Centre {
  if (centre.notices.some(({ id }) => id === notice.id)) return centre;
  return { ...centre, notices: merge(centre.notices, [notice]) };
}

/** @param at when it was said, in milliseconds since the epoch: "all" says nothing of what came later */
export function applyChange(centre: Centre, change: CentreChange, at: number): Centre {
  const { read, muted = centre.muted, following = centre.following } = change;
  if (read === undefined) return { ...centre, muted, following };
  const isMeant = (notice: Notice) => (read === 'all' ? notice.at <= at : read.includes(notice.id));
  const notices = centre.notices.map((notice) => (isMeant(notice) ? { ...notice, read: true } : notice));
  return { notices, muted, following };
}

/** How many are not read; of one kind, or of all. */
export function countUnread(notices: readonly Notice[], kind?: Kind): number {
  return notices.filter((notice) => !notice.read && (kind === undefined || notice.kind === kind)).length;
}

/** Newest first, each once. What was read anywhere stays read. */
function merge(ours: readonly Notice[], theirs: readonly Notice[]): Notice[] {
  const byId = new Map(ours.map((notice) => [notice.id, notice]));
  for (const notice of theirs) {
    const read = notice.read || byId.get(notice.id)?.read === true;
    byId.set(notice.id, { ...notice, read });
  }
  return [...byId.values()].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, MAX_NOTICES);
}

/** Whether something that came over the wire is a notice that can be shown. */
export function isNotice(value: unknown): value is Notice {
  const notice = value as Partial<Notice> | null;
  return (
    typeof notice === 'object' &&
    notice !== null &&
    typeof notice.id === 'string' &&
    kinds.some((kind) => kind === notice.kind) &&
    typeof notice.title === 'string' &&
    typeof notice.text === 'string' &&
    typeof notice.at === 'number' &&
    Math.abs(notice.at) <= 8.64e15 &&
    typeof notice.read === 'boolean'
  );
}
