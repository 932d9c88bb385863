/** Sharing through the system's own sheet, where it has one. */
import { useAppState } from '../context';
import { Icon } from '../icons';
import { text } from '../text';

export function ShareButton() {
  const { link } = useAppState();
  if (typeof navigator.share !== 'function' || link === '') return null;
  const share = () => {
    // Rejected when the person closes the sheet, which is their good right.
    navigator.share({ title: text.shareTitle, url: link }).catch(() => undefined);
  };
  return (
    <button type="button" class="button" data-testid="share-link" onClick={share}>
      <Icon name="share" size={20} />
      {text.share}
    </button>
  );
}
