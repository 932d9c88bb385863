/** Nobody else is here: how to bring them in. */
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { ShareButton } from '../parts/share';
import { text } from '../text';

export function InviteLink({ testid }: { testid: string }) {
  const { link } = useAppState();
  const actions = useActions();
  if (link === '') return null;
  return (
    <div class="invite">
      <input
        class="field invite-link"
        type="text"
        readOnly
        aria-label={text.alone.linkLabel}
        value={link}
        onFocus={(e) => e.currentTarget.select()}
      />
      <div class="invite-buttons">
        <button
          type="button"
          class="button button-main"
          data-testid={testid}
          onClick={() => actions.copyLink()}
        >
          <Icon name="link" size={20} />
          {text.copyLink}
        </button>
        <ShareButton />
      </div>
    </div>
  );
}

export function Alone() {
  const { knock } = useAppState();
  return (
    <section class="alone" data-testid="alone">
      <h2>{text.alone.title}</h2>
      <p role="status">{text.alone.body}</p>
      <InviteLink testid="alone-copy" />
      <p class="alone-note">
        <Icon name={knock ? 'lock' : 'door'} size={18} />
        {knock ? text.alone.knockOn : text.alone.knockOff}
      </p>
    </section>
  );
}
