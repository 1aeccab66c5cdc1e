/** What a destination header says, and who may subscribe and send there. */
export interface MatrixRow {
  readonly destination: string;
  /** `y` or `n` for each identity in the order of identities.ts; blanks only group. */
  readonly subscribe: string;
  readonly send: string;
}

const row = (destination: string, subscribe: string, send: string): MatrixRow => ({
  destination,
  subscribe,
  send,
});

/** The columns: alice bob ann gus · wes root audrey moni · guest nora nil hash · * # alice.topic Alice · wim · refused ones. */
const NOBODY = 'nnnn nnnn nnnn nnnn n nnnn';

// biome-ignore format: a table is read by its columns
export const ROWS: readonly MatrixRow[] = [
  // One's own: for whatever name of one's own, it stays below the reader's own key.
  row('/user/topic/reply',               'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/relay.unread',              'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/relay.session',             'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/relay/unread',              'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/relay.node',                NOBODY,                       NOBODY),
  row('/user/relay.unread.x',            NOBODY,                       NOBODY),

  // Another's. SUBSCRIBE means a destination of one's own that happens to be called so.
  row('/user/bob/topic/reply',           'yyyy yyyy yyyy yyyy y nnnn', 'yyyy yyyy nyny yyyy y nnnn'),
  row('/user/BOB/topic/reply',           'yyyy yyyy yyyy yyyy y nnnn', 'yyyy yyyy nnny yyyy y nnnn'),
  row('/user/b\u043eb/topic/reply',      'yyyy yyyy yyyy yyyy y nnnn', 'yyyy yyyy nnny yyyy y nnnn'),
  row('/user/b%6Fb/topic/reply',         NOBODY,                       'yyyy yyyy nyny yyyy y nnnn'),
  row('/user/bob.topic/topic/reply',     'yyyy yyyy yyyy yyyy y nnnn', 'yyyy yyyy nnny yyyy y nnnn'),
  row('/user/bob.topic/reply',           'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/bob/secret/reply',          'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/bob/relay.unread',          'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/bob',                       'yyyy yyyy yyyy yyyy y nnnn', NOBODY),
  row('/user/bob/..',                    NOBODY,                       NOBODY),
  row('/user/../bob/topic/reply',        NOBODY,                       NOBODY),
  row('/user//bob/topic/reply',          NOBODY,                       NOBODY),
  row('/user/bob%00/topic/reply',        NOBODY,                       NOBODY),
  row('/user/bob%2Ftopic/topic/reply',   NOBODY,                       NOBODY),
  row('/user/bob%2Etopic/reply',         NOBODY,                       NOBODY),
  row('/user/%zz/topic/reply',           NOBODY,                       NOBODY),
  row('/user/*/topic/reply',             NOBODY,                       NOBODY),
  row('/user/#/topic/reply',             NOBODY,                       NOBODY),
  row('/user/#',                         NOBODY,                       NOBODY),
  row('/user/%2A/topic/reply',           NOBODY,                       'yyyy yyyy nnny yyyy y nnnn'),
  row('/user/%23/topic/reply',           NOBODY,                       'yyyy yyyy nnny yyyy y nnnn'),
  row('/user/bob/topic/*',               NOBODY,                       NOBODY),
  row('/USER/bob/topic/reply',           NOBODY,                       NOBODY),

  // Topics for everybody.
  row('/topic/public',                   'yyyy yyyy ynny yyyy y nnnn', 'yyyy yyyy ynny yyyy y nnnn'),
  row('/topic/public.news',              'yyyy yyyy yyny yyyy y nnnn', 'yyyy yyyy ynny yyyy y nnnn'),
  row('/topic/public.news.#',            'yyyy yyyy yyny yyyy y nnnn', NOBODY),
  row('/topic/public.*',                 'yyyy yyyy ynny yyyy y nnnn', NOBODY),
  row('/topic/public.#',                 'yyyy yyyy ynny yyyy y nnnn', NOBODY),
  row('/topic/public.news ',             'yyyy yyyy ynny yyyy y nnnn', 'yyyy yyyy ynny yyyy y nnnn'),
  row('/topic/Public.news',              'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/publi\u0441.news',         'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/\uff50ublic.news',         'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/publicity',                'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/*.news',                   'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/#',                        'nnnn nnyn nnnn nnnn n nnnn', NOBODY),

  // Over the line of a tenant.
  row('/topic/tenant.acme.chat.x',       'nnyn yyyn nnnn nnnn n nnnn', 'nnyn yyyn nnnn nnnn n nnnn'),
  row('/topic/tenant.acme.news',         'nnyn yyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/tenant.acme.#',            'nnyn yyyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/tenant.acme',              'nnyn yyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/tenant.globex.news',       'nnny nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/tenant.initech.news',      'nnnn nyyn nnnn nnnn y nnnn', 'nnnn nyyn nnnn nnnn y nnnn'),
  row('/topic/tenant.Acme.chat.x',       'nnnn nyyn nnnn nnny n nnnn', 'nnnn nyyn nnnn nnny n nnnn'),
  row('/topic/tenant.acm\u0435.chat.x',  'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/tenant.*.chat.x',          'nnnn nyyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/tenant.#',                 'nnnn nyyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/tenant.#.chat.x',          'nnnn nyyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/tenant.{tenant}.chat.x',   'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),

  // What is denied, by its own door and by the other.
  row('/topic/audit.login',              'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/audit.#',                  'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/topic/Audit.login',              'nnnn nyyn nnnn nnnn n nnnn', 'nnnn nyyn nnnn nnnn n nnnn'),
  row('/topic/*.login',                  'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/exchange/amq.topic/audit.login', 'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/exchange/amq.topic/#',           'nnnn nnyn nnnn nnnn n nnnn', NOBODY),
  row('/exchange/amq.topic/public.news', 'nnnn nyyn nnnn nnnn n nnnn', NOBODY),
  row('/exchange/amq.topic',             'nnnn nyyn nnnn nnnn n nnnn', NOBODY),
  row('/exchange/amq.fanout/x',          NOBODY,                       NOBODY),
  row('/exchange//x',                    NOBODY,                       NOBODY),

  // The relay's own and the broker's own.
  row('/exchange/relay.user/bob.topic.reply',   NOBODY,                NOBODY),
  row('/exchange/relay.user/#',                 NOBODY,                NOBODY),
  row('/exchange/relay.control/x',              NOBODY,                NOBODY),
  row('/exchange/amq.rabbitmq.trace/#',         NOBODY,                NOBODY),
  row('/queue/relay.unread.bob.topic.reply',    NOBODY,                NOBODY),
  row('/amq/queue/relay.unread.intake',         NOBODY,                NOBODY),
  row('/amq/queue/relay.node.x',                NOBODY,                NOBODY),
  row('/queue/stomp-subscription-x',            NOBODY,                NOBODY),
  row('/amq/queue/amq.gen-x',                   NOBODY,                NOBODY),
  row('/reply-queue/amq.gen-x',                 NOBODY,                NOBODY),
  row('/reply-queue/relay.unread.intake',       NOBODY,                NOBODY),
  row('/temp-queue/x',                          NOBODY,                NOBODY),
  row('/temp-queue/relay.x',                    NOBODY,                NOBODY),

  // Queues and services.
  row('/queue/work.a',                   'nnnn yyyn nnnn nnnn n nnnn', 'nnnn yyyn nynn nnnn y nnnn'),
  row('/queue/work.b',                   'nnnn yyyn nnnn nnnn n nnnn', 'nnnn yyyn nnnn nnnn n nnnn'),
  row('/queue/Work.a',                   NOBODY,                       NOBODY),
  row('/queue/work.*',                   NOBODY,                       NOBODY),
  row('/queue/work/a',                   NOBODY,                       NOBODY),
  row('/queue/work%2Ea',                 NOBODY,                       NOBODY),
  row('/amq/queue/work.a',               NOBODY,                       NOBODY),
  row('/amq/queue/stats',                'nnnn nnny nnnn nnnn n nnnn', NOBODY),
  row('/queue/stats',                    NOBODY,                       NOBODY),
  row('/app/orders.create',              NOBODY,                       'yyyy yyyy ynny yyyy y nnnn'),
  row('/app/orders/../create',           NOBODY,                       NOBODY),

  // No destinations at all.
  row('/topic/%2e%2e',                   NOBODY,                       NOBODY),
  row('/topic/public%2Enews',            NOBODY,                       NOBODY),
  row('/topic/public%00',                NOBODY,                       NOBODY),
  row('/topic/public/../audit',          NOBODY,                       NOBODY),
  row('/topic/public..audit',            NOBODY,                       NOBODY),
  row('/topic/public.',                  NOBODY,                       NOBODY),
  row('/topic/public.ne*',               NOBODY,                       NOBODY),
  row('/topic/public\u0000.news',        NOBODY,                       NOBODY),
  row('/topic/public\r\n.news',          NOBODY,                       NOBODY),
  row('/topic/',                         NOBODY,                       NOBODY),
  row('/topic',                          NOBODY,                       NOBODY),
  row('//topic/public',                  NOBODY,                       NOBODY),
  row('/./topic/public',                 NOBODY,                       NOBODY),
  row('/topic\\public',                  NOBODY,                       NOBODY),
  row('/TOPIC/public.news',              NOBODY,                       NOBODY),
  row(' /topic/public.news',             NOBODY,                       NOBODY),
  row('topic/public.news',               NOBODY,                       NOBODY),
  row('/relay/token',                    NOBODY,                       NOBODY),
  row('/',                               NOBODY,                       NOBODY),
  row(`/topic/public.${'x'.repeat(300)}`, NOBODY,                      NOBODY),
];
