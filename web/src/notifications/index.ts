import type { Area } from '../app/index.js';
import { NotificationsPage } from './NotificationsPage.js';
import { unreadCount } from './store.js';

export const notificationsArea: Area = {
  id: 'notifications',
  label: 'Notifications',
  icon: 'bell',
  Page: NotificationsPage,
  badge: unreadCount,
};

export { follow, isFollowing, markReadFrom, unreadCount } from './store.js';
