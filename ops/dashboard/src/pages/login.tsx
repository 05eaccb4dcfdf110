// Who are you? A token opens the door; a name goes to the audit trail.
import { useState } from 'preact/hooks';
import { logIn } from '../lib/api.js';
import { Mark } from '../ui/mark.js';

export function LoginPage() {
  const [error, setError] = useState('');
  return (
    <main class="login" id="main">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          const data = new FormData(event.currentTarget);
          logIn(String(data.get('token') ?? ''), String(data.get('name') ?? '')).catch((failed: Error) =>
            setError(failed.message),
          );
        }}
      >
        <h1>
          <Mark /> Cortex
        </h1>
        <p class="soft">
          Open the link that <code>cortex up</code> printed in its terminal, or log in with a token.
        </p>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required />
        </label>
        <label>
          Your name <span class="soft">(optional, for the audit trail)</span>
          <input name="name" autocomplete="name" />
        </label>
        {error !== '' && (
          <p class="trouble" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="button main">
          Log in
        </button>
      </form>
    </main>
  );
}
