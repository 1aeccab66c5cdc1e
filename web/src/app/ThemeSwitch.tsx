import { IconButton, type IconName } from '../ui/index.js';
import { announce } from './announce.js';
import { nextTheme, setTheme, type Theme, theme } from './theme.js';

const looks: Readonly<Record<Theme, { icon: IconName; words: string }>> = {
  auto: { icon: 'auto', words: 'as the system' },
  light: { icon: 'sun', words: 'light' },
  dark: { icon: 'moon', words: 'dark' },
};

export function ThemeSwitch() {
  const { icon, words } = looks[theme.value];
  return (
    <IconButton
      icon={icon}
      label={`Theme: ${words}`}
      data-testid="theme"
      data-theme-choice={theme.value}
      onClick={() => {
        setTheme(nextTheme(theme.value));
        announce(`Theme: ${looks[theme.value].words}`);
      }}
    />
  );
}
