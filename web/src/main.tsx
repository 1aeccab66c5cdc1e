import { render } from 'preact';
import { App } from './app/App.js';
import { resumeSession } from './session/session.js';
import './ui/styles.css';

const root = document.querySelector('#app');
if (root === null) throw new Error('The page has no #app.');
resumeSession();
render(<App />, root);
