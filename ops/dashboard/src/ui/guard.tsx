// A page that breaks says so and leaves the rest standing.
import { Component, type ComponentChildren } from 'preact';

export class Guard extends Component<{ children: ComponentChildren }, { error?: Error }> {
  override state: { error?: Error } = {};

  static override getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main id="main" class="page" tabIndex={-1}>
        <h1>This page broke</h1>
        <p class="trouble" role="alert">
          {error.message}
        </p>
        <p>
          <button type="button" class="button plain" onClick={() => location.reload()}>
            Load it again
          </button>
        </p>
      </main>
    );
  }
}
