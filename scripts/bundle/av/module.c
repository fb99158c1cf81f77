// Makes the libraries a module of Node.js, so that process.dlopen loads them and keeps them: before the addon, which finds
// them by their soname then, wherever they lie.
__attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports) {
  (void)env;
  return exports;
}

#ifdef FRAMEPATH_AV_ABOUT
// What is in here, as JSON: name, licence, the hashes of the sources, FFmpeg's configure line.
__attribute__((visibility("default"))) const char* framepath_av_about(void) {
  return FRAMEPATH_AV_ABOUT;
}
#endif
