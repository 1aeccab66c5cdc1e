import { chatArea } from '../chat/index.js';
import { notificationsArea } from '../notifications/index.js';
import { shopArea } from '../shop/index.js';
import { wireArea } from '../wire/index.js';
import type { Area } from './area.js';

/** In the order of the navigation; the first one is where everybody starts. */
export const areas: readonly [Area, ...Area[]] = [shopArea, chatArea, notificationsArea, wireArea];
