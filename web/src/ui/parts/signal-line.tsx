/** In words, when the server cannot be reached. Empty while all is well, so that nothing is read out. */
import { useAppState } from '../context';
import { text } from '../text';

export function SignalLine() {
  const { signal, page } = useAppState();
  const words = page === 'call' && signal === 'reconnecting' ? text.signalInCall : text.signal[signal];
  return (
    <div class="signal" data-testid="signal-state" data-state={signal} role="status">
      {words !== '' && (
        <p>
          <span class="pulse" aria-hidden="true" />
          {words}
          {signal === 'failed' && (
            <button type="button" class="button button-small" onClick={() => location.reload()}>
              {text.reload}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
