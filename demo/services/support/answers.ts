const answers: readonly (readonly [RegExp, string])[] = [
  [
    /\b(order|parcel|deliver|ship|track)/i,
    'Orders move by themselves here: watch yours go from paid to shipped.',
  ],
  [
    /\b(price|cheap|discount|cost|much)/i,
    'Five get you 5 % off, ten 10 %, and fifty 20 %. Ask for a price in the shop.',
  ],
  [/\b(pay|bank|declin|card)/i, 'The bank takes a few seconds. It never pays for thirteen of anything.'],
  [
    /\b(hi|hello|hey|moin|good (morning|evening))\b/i,
    'Hello! I am the shop. Ask me about orders, prices or payments.',
  ],
  [/\b(thanks?|thank you|cheers)\b/i, 'You are welcome.'],
];
const otherwise = 'I am only a small program behind the counter, but I have read it: thank you.';

/** What the shop answers; always the same to the same. */
export function answerTo(text: string): string {
  return answers.find(([about]) => about.test(text))?.[1] ?? otherwise;
}
