// Where the page begins: the session first, then everything else.
import { render } from 'preact';
import { App } from './app.js';
import { openSession, session } from './lib/api.js';
import { followLinks } from './lib/router.js';
import './lib/theme.js';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';

const root = document.getElementById('app');
if (root) {
  followLinks();
  render(<App />, root);
  openSession().then(
    () => {
      if (session.value === undefined) session.value = null;
    },
    (error: Error) => {
      root.textContent = error.message;
    },
  );
}
