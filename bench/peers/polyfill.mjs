// node-av 6 calls Promise.withResolvers, which came with Node 22. Without it reading ends after 0 frames, silently.
Promise.withResolvers ??= function withResolvers() {
  const deferred = {};
  deferred.promise = new this((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};
