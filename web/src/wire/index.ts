import type { Area } from '../app/index.js';
import { WirePage } from './WirePage.js';

export const wireArea: Area = { id: 'wire', label: 'Wire', icon: 'wire', Page: WirePage };
