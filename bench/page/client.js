// Script of the page: zoom of time lines, and captions for the span under the pointer.
(() => {
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function start(figure) {
    const box = figure.querySelector('.timeline');
    const view = box.querySelector('.view');
    const svg = view.querySelector('svg');
    const selection = view.querySelector('.selection');
    const caption = figure.querySelector('.caption');
    const ticks = [...box.querySelectorAll('.times span')];
    const rects = [...svg.querySelectorAll('rect[data-task]')];
    const lengths = rects.map((rect) => Number(rect.getAttribute('width')));
    const length = Number(box.dataset.length);
    const height = Number(svg.getAttribute('height'));
    const shortest = length / 400;
    let from = 0;
    let visible = length;

    function show(newFrom, newVisible) {
      visible = clamp(newVisible, shortest, length);
      from = clamp(newFrom, 0, length - visible);
      svg.setAttribute('viewBox', `${from} 0 ${visible} ${height}`);
      const pixelsPerMs = view.clientWidth / visible;
      rects.forEach((rect, i) => rect.classList.toggle('thin', lengths[i] * pixelsPerMs < 3));
      const digits = visible < 20 ? 2 : visible < 200 ? 1 : 0;
      ticks.forEach((tick, i) => {
        tick.textContent = `${(from + (visible * i) / 4).toFixed(digits)} ms`;
      });
    }
    const shareAt = (event) => {
      const { left, width } = view.getBoundingClientRect();
      return clamp((event.clientX - left) / width, 0, 1);
    };
    const zoom = (factor, share) => show(from + visible * share * (1 - factor), visible * factor);

    // The page scrolls over a time line as over anything else; the wheel zooms once the pointer has moved on it.
    let engaged = false;
    addEventListener('scroll', () => {
      engaged = false;
    });
    view.addEventListener(
      'wheel',
      (event) => {
        const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
        if (!engaged || (!sideways && event.deltaY > 0 && visible >= length)) return;
        event.preventDefault();
        if (sideways) show(from + (visible * event.deltaX) / 600, visible);
        else zoom(Math.exp(clamp(event.deltaY, -120, 120) / 400), shareAt(event));
      },
      { passive: false },
    );

    function follow(target) {
      const task = target?.dataset?.task;
      view.classList.toggle('following', Boolean(task));
      for (const rect of rects) rect.classList.toggle('same', rect.dataset.task === task);
      caption.textContent = target?.dataset?.caption ?? '';
    }

    const pointers = new Map();
    let drag = null;
    function press(event) {
      if (event.button !== 0) return;
      pointers.set(event.pointerId, event);
      view.setPointerCapture(event.pointerId);
      const pan = event.shiftKey || event.pointerType === 'touch';
      drag = pointers.size === 1 ? { share: shareAt(event), from, pan } : null;
    }
    function pinch(event) {
      const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
      const before = Math.abs(pointers.get(event.pointerId).clientX - other.clientX);
      const after = Math.abs(event.clientX - other.clientX);
      if (before > 0 && after > 0) zoom(before / after, (shareAt(event) + shareAt(other)) / 2);
    }
    function move(event) {
      engaged = true;
      if (pointers.size === 2 && pointers.has(event.pointerId)) pinch(event);
      else if (drag?.pan) show(drag.from + (drag.share - shareAt(event)) * visible, visible);
      else if (drag) {
        const [low, high] = [drag.share, shareAt(event)].sort((a, b) => a - b);
        selection.style.left = `${low * 100}%`;
        selection.style.width = `${(high - low) * 100}%`;
      } else follow(event.target);
      if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event);
    }
    function release(event) {
      pointers.delete(event.pointerId);
      selection.style.width = '0';
      if (drag) {
        const [low, high] = [drag.share, shareAt(event)].sort((a, b) => a - b);
        if (high - low < 0.01) follow(document.elementFromPoint(event.clientX, event.clientY));
        else if (!drag.pan && event.type === 'pointerup') show(from + visible * low, visible * (high - low));
      }
      drag = null;
    }
    view.addEventListener('pointerdown', press);
    view.addEventListener('pointermove', move);
    view.addEventListener('pointerup', release);
    view.addEventListener('pointercancel', release);
    view.addEventListener('pointerleave', () => {
      if (!drag) follow(null);
    });
    view.addEventListener('dblclick', () => show(0, length));

    const steps = { in: () => zoom(0.5, 0.5), out: () => zoom(2, 0.5), all: () => show(0, length) };
    for (const button of figure.querySelectorAll('[data-zoom]'))
      button.addEventListener('click', steps[button.dataset.zoom]);
    const keys = {
      '+': steps.in,
      '-': steps.out,
      0: steps.all,
      ArrowLeft: () => show(from - visible / 8, visible),
      ArrowRight: () => show(from + visible / 8, visible),
    };
    view.addEventListener('keydown', (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    addEventListener('beforeprint', steps.all);
    addEventListener('resize', () => show(from, visible));
    show(0, length);
  }

  for (const box of document.querySelectorAll('.timeline')) start(box.closest('figure'));
})();
