import { announcements } from './announcements/service.js';
import { chat } from './chat/service.js';
import { notifications } from './notifications/service.js';
import { payments } from './payments/service.js';
import { prices } from './prices/service.js';
import type { ServiceDefinition } from './service.js';
import { shop } from './shop/service.js';
import { support } from './support/service.js';

export const services: readonly ServiceDefinition[] = [
  shop,
  prices,
  payments,
  notifications,
  chat,
  announcements,
  support,
];
