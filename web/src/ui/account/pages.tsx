/** The account pages, which are loaded when the first of them is opened. */
import { useAppState } from '../context';
import { Account } from './account';
import { Forgot, Reset } from './forgot';
import { Confirm, EmailConfirm } from './mailed';
import { SignIn } from './signin';
import { Invite, SetUp, SignUp } from './signup';

export function Pages() {
  const { page } = useAppState();
  switch (page) {
    case 'signin':
      return <SignIn />;
    case 'signup':
      return <SignUp />;
    case 'invite':
      return <Invite />;
    case 'setup':
      return <SetUp />;
    case 'confirm':
      return <Confirm />;
    case 'email':
      return <EmailConfirm />;
    case 'forgot':
      return <Forgot />;
    case 'reset':
      return <Reset />;
    case 'account':
      return <Account />;
    default:
      return null;
  }
}
