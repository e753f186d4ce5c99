import { useCallback, useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';
import type { IconName } from './Icon.tsx';

export interface MenuProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly className?: string;
  readonly title?: string;
  readonly children: (close: () => void) => ReactNode;
}

/** A button with a small sheet below it. Escape and a click elsewhere close it; the focus goes back to the button. */
export function Menu({ label, icon, className = '', title, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && host.current?.contains(event.target) === false) setOpen(false);
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, [open]);
  const close = useCallback((): void => {
    setOpen(false);
    // After the state has changed: refs are not for rendering.
    queueMicrotask(() => document.getElementById(`${id}-button`)?.focus());
  }, [id]);
  return (
    <div
      className={`menu ${className}`}
      ref={host}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        id={`${id}-button`}
        type="button"
        className={`button${open ? ' is-on' : ''}`}
        aria-expanded={open}
        aria-controls={id}
        title={title}
        onClick={() => setOpen(!open)}
      >
        {icon !== undefined && <Icon name={icon} />}
        <span>{label}</span>
      </button>
      {open && (
        <div className="sheet" id={id} role="group" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
