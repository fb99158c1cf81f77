// Whether this is built for AddressSanitizer or ThreadSanitizer, by GCC or clang: its memory and time mean nothing
// then.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRAMEPATH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FRAMEPATH_SANITIZED 1
#endif
#endif

namespace framepath {

#ifdef FRAMEPATH_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace framepath
