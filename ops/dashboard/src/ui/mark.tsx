// The sign of Cortex: one line that becomes three.
export function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" class="mark">
      <rect width="32" height="32" rx="7" />
      <path d="M7 16h6M13 16c5 0 4-7 10-7M13 16h10M13 16c5 0 4 7 10 7" />
    </svg>
  );
}
