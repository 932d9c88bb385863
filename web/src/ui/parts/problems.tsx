/** What is wrong with microphone and camera, each for itself. */
import type { DeviceKind } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { problemWords } from '../problems';
import { text } from '../text';

function Problem({ kind }: { kind: DeviceKind }) {
  const device = useAppState().devices[kind];
  const actions = useActions();
  if (device.status !== 'problem') return null;
  const problem = device.problem ?? 'failed';
  const words = problemWords(kind, problem);
  return (
    <div class="problem" data-testid={`problem-${kind}`} data-problem={problem}>
      <Icon name={kind === 'audio' ? 'micOff' : 'camOff'} />
      <div>
        <p class="problem-title">{words.title}</p>
        <p>{words.help}</p>
        {words.retry && (
          <button type="button" class="button button-small" onClick={() => actions.setDevice(kind, true)}>
            {text.devices.tryAgain}
          </button>
        )}
      </div>
    </div>
  );
}

export function Problems() {
  return (
    <div class="problems" aria-live="polite">
      <Problem kind="video" />
      <Problem kind="audio" />
    </div>
  );
}
