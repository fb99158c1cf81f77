// Numbers that cross as Float64Arrays: rows of numbers, one after another (ResultBlock and ModuleQuestion in src/native.ts).

const row = (id, is, columns) => ({ $id: id, description: is, columns });
const box = { x1: 'pixels of the frame', y1: '', x2: '', y2: '' };

export const rows = [
  // Results
  row('RecordHeader', 'A task', {
    length: 'numbers of the record, this one too',
    taskId: '',
    source: 'its position; -1: a submitted picture',
    seq: 'gapless number in its source',
    index: 'position in its source, counted before stride and limits of rate',
    ptsUs: '',
    width: '',
    height: '',
  }),
  row('ModuleHeader', 'The result of a module for the task, which its payload follows', {
    state: 'ResultState',
    module: 'position of the module whose value it is: this one, or its fallback; -1: no value',
    task: 'id of the task that the value was computed for; -1: no value',
    kind: 'ResultKind: what the payload is',
  }),
  row('DetectionsHeader', 'Detections: their rows, then x and y of their keypoints, the scores of these, their masks', {
    count: '',
    keypoints: 'of each',
    scored: '1: their keypoints have scores',
    maskHeight: '0: they have no masks',
    maskWidth: '',
  }),
  row('DetectionRow', 'A detection', { ...box, score: '', classIndex: '' }),
  row('TextRange', 'Characters of the text beside the numbers', { start: '', length: '' }),
  row('TrackRow', 'A track, after their number', {
    track: '',
    detection: '-1: only predicted',
    ...box,
    score: '',
    marks: 'bits of TrackMark',
  }),
  row('PersonRow', 'A person, after their number', {
    track: '',
    id: '0: not settled',
    detection: '-1: only predicted',
    ...box,
    score: '',
  }),
  row('ClassesHeader', 'Classes of whole pictures', { rows: '', perRow: '' }),
  row('ClassRow', 'A class', { classIndex: '', score: '' }),
  row('BoxClassesRow', 'A box, after their number; its classes follow', {
    track: '0: of a detector',
    ...box,
    count: 'of its classes',
  }),

  // Inputs of analyzers
  row('SlotRow', 'Where something lies in shared memory', { slot: 'offset', capacity: 'bytes' }),
  row('PictureRow', 'A picture in the slot that comes first', {
    offset: 'in the slot',
    bytes: '',
    width: '',
    height: '',
    ...box,
    index: 'of the box; -1: the whole frame',
  }),
  row('WindowRow', 'A window; the slots of its crops follow', {
    track: '',
    index: 'of the box',
    ...box,
    fresh: '1: this frame is the last of it',
    width: 'of each crop',
    height: '',
    bytes: '',
    count: 'of crops',
  }),

  // Values of analyzers
  row('BoxRow', 'A box whose module JavaScript or a host is', { track: '', id: '', ...box, score: '' }),
];
