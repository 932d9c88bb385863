/** What the parts of the administration have in common. */
import { useMemo } from 'preact/hooks';
import { AdminApi } from '../../state/administration';
import type { ApiFault } from '../../state/types';
import { useActions } from '../context';
import { Banner } from '../parts/form';
import { adminText } from '../text-admin';
import { faultText, formText } from '../text-forms';

export function useAdmin(): AdminApi {
  const { api } = useActions();
  return useMemo(() => new AdminApi(api), [api]);
}

export function Failed({ fault, again }: { fault: ApiFault; again: () => void }) {
  return (
    <Banner kind="problem">
      {faultText(fault)}{' '}
      <button type="button" class="link-button" onClick={again}>
        {formText.tryAgain}
      </button>
    </Banner>
  );
}

/** At the end of a list that goes on. */
export function More({ busy, onMore, testid }: { busy: boolean; onMore: () => void; testid: string }) {
  return (
    <button
      type="button"
      class="button list-more"
      data-testid={testid}
      aria-disabled={busy}
      onClick={() => !busy && onMore()}
    >
      {busy && <span class="spinner" aria-hidden="true" />}
      {busy ? adminText.loadingMore : adminText.more}
    </button>
  );
}
