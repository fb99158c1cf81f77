// Identities with their embeddings as bytes: a memory across runs.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "track/embedding_set.h"

namespace framepath::track {

std::vector<uint8_t> saveBank(const EmbeddingSpace& space, const std::map<int32_t, EmbeddingSet>& identities);
// Throws INVALID_ARGUMENT when the bytes are not a bank, are damaged, or were made with another metric.
std::map<int32_t, EmbeddingSet> loadBank(const EmbeddingSpace& space, const std::vector<uint8_t>& bytes,
                                         int32_t capacity);

}  // namespace framepath::track
