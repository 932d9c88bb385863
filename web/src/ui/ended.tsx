/** After the call, or instead of one: why, and what now. */
import type { EndReason } from '../state/types';
import { useActions, useAppState } from './context';
import { Icon, type IconName } from './icons';
import { mayStart } from './parts/may-start';
import { Page } from './parts/page';
import { text } from './text';
import { endedText } from './text-ended';

const icons: Record<EndReason, IconName> = {
  left: 'check',
  refused: 'door',
  'knock-timeout': 'door',
  'room-unknown': 'link',
  'room-full': 'people',
  'too-many-waiting': 'people',
  'knocked-often': 'door',
  replaced: 'share',
  removed: 'door',
  ended: 'check',
  'ended-by-host': 'check',
  'ended-by-admin': 'info',
  'room-deleted': 'link',
  'signed-out': 'signout',
  'server-full': 'info',
  error: 'warn',
};

export function Ended() {
  const { ended, room, account, service } = useAppState();
  const actions = useActions();
  const reason = ended ?? 'left';
  const words = endedText[reason];
  const again = words.rejoin !== '' && room !== '';
  return (
    <Page name="ended">
      <div class="ended" data-testid="ended" data-reason={reason}>
        <span class="ended-icon" data-reason={reason}>
          <Icon name={icons[reason]} size={34} />
        </span>
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="lead">{words.body}</p>
        <div class="ended-actions">
          {reason === 'signed-out' && !account && (
            <button
              type="button"
              class="button button-main"
              data-testid="ended-signin"
              onClick={() => actions.signInFirst(`/r/${room}`)}
            >
              {text.ended.signIn}
            </button>
          )}
          {again && (
            <button
              type="button"
              class={reason === 'signed-out' ? 'button' : 'button button-main'}
              data-testid="ended-rejoin"
              onClick={() => actions.rejoin()}
            >
              {words.rejoin}
            </button>
          )}
          {mayStart(service, account) && (
            <button
              type="button"
              class={again ? 'button' : 'button button-main'}
              data-testid="ended-new"
              onClick={() => actions.startCall()}
            >
              {text.ended.newCall}
            </button>
          )}
          <button
            type="button"
            class="button button-plain"
            data-testid="ended-home"
            onClick={() => actions.goHome()}
          >
            {text.ended.home}
          </button>
        </div>
      </div>
    </Page>
  );
}
