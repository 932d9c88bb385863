/** The administration page, which is loaded when it is opened. The server decides who may what. */
import type { FunctionComponent } from 'preact';
import { useState } from 'preact/hooks';
import { Card } from '../account/frame';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { Banner, Loading } from '../parts/form';
import { Link } from '../parts/link';
import { Page } from '../parts/page';
import { accountText } from '../text-account';
import { adminText } from '../text-admin';
import { formText } from '../text-forms';
import { profileText } from '../text-profile';
import { Calls } from './calls';
import { Log } from './log';
import { Settings } from './settings';
import { Users } from './users';

type Tab = keyof typeof adminText.tabs;

const tabs: readonly (readonly [tab: Tab, icon: IconName, part: FunctionComponent])[] = [
  ['users', 'people', Users],
  ['calls', 'cam', Calls],
  ['settings', 'sliders', Settings],
  ['log', 'list', Log],
];

function Admin() {
  const [open, setOpen] = useState<Tab>('users');
  return (
    <div class="admin" data-testid="admin">
      <h1 tabIndex={-1}>{adminText.title}</h1>
      <nav class="admin-tabs" aria-label={adminText.parts}>
        {tabs.map(([tab, icon]) => (
          <button
            key={tab}
            type="button"
            class="admin-tab"
            data-testid={`admin-${tab}`}
            aria-current={tab === open ? 'page' : undefined}
            onClick={() => setOpen(tab)}
          >
            <Icon name={icon} size={20} />
            {adminText.tabs[tab]}
          </button>
        ))}
      </nav>
      {tabs.map(([tab, , Part]) => tab === open && <Part key={tab} />)}
    </div>
  );
}

export function Pages() {
  const { account, accountUnknown } = useAppState();
  const actions = useActions();
  if (account && account.role !== 'admin') {
    return (
      <Card
        title={adminText.notYours}
        lead={adminText.notYoursBody}
        icon="lock"
        tone="warn"
        testid="admin-not"
      >
        <Link to="/" class="button">
          {accountText.toHome}
        </Link>
      </Card>
    );
  }
  return (
    <Page name="admin">
      {account && <Admin key={account.id} />}
      {!account && !accountUnknown && <Loading />}
      {!account && accountUnknown && (
        <Banner kind="problem">
          {profileText.unknown}{' '}
          <button type="button" class="link-button" onClick={() => actions.askAccount()}>
            {formText.tryAgain}
          </button>
        </Banner>
      )}
    </Page>
  );
}
