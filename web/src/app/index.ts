export { announce } from './announce.js';
export type { Area, PageProps } from './area.js';
export { go, href, route } from './route.js';
export { toast } from './toasts.js';
