import { useEffect, useState } from 'react';
import { createFileSource, MAX_FILE_BYTES, parseMapText } from '../data/file-source.ts';
import type { MapSource } from '../data/source.ts';
import { useApp } from './context.ts';

/** Opens map files that are dropped anywhere on the page. Nothing leaves the browser. */
export function DropZone() {
  const { openSource } = useApp();
  const [isOver, setIsOver] = useState(false);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0];
      setIsOver(false);
      if (file === undefined) return;
      event.preventDefault();
      readMapFile(file).then(
        (source) => {
          setProblem('');
          openSource(source);
        },
        (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
      );
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [openSource]);
  return (
    <>
      {isOver && <div className="drop-hint">Drop a map file to open it here. It does not leave this browser.</div>}
      {problem !== '' && (
        <div className="toast" role="alert">
          <span>{problem}</span>
          <button type="button" className="quiet-button" onClick={() => setProblem('')}>
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}

/** @throws Error that says what is wrong with the file and what to do. */
export async function readMapFile(file: File): Promise<MapSource> {
  if (file.size > MAX_FILE_BYTES) throw new Error(`${file.name} is larger than ${MAX_FILE_BYTES >> 20} MiB; export fewer namespaces.`);
  try {
    return createFileSource(parseMapText(await file.text()), file.name);
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : error instanceof Error ? error.message : String(error);
    throw new Error(`${file.name} is not a map file: ${reason}. Write one with "network-mapper export --format map".`, { cause: error });
  }
}
