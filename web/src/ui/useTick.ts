import { useEffect, useState } from 'preact/hooks';

/** Now, in milliseconds since the epoch, told again every second (or `every` milliseconds) until `until` has come. */
export function useTick(until: number, every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= until) clearInterval(timer);
    }, every);
    return () => clearInterval(timer);
  }, [until, every]);
  return now;
}
