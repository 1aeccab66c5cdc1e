import type { Area } from '../app/index.js';
import { ChatPage } from './ChatPage.js';
import { unreadTotal } from './store.js';

export const chatArea: Area = { id: 'chat', label: 'Chat', icon: 'chat', Page: ChatPage, badge: unreadTotal };
