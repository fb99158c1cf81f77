#include "track/assignment.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace framepath::track {

namespace {

// Shortest augmenting paths with potentials (Jonker-Volgenant's second phase): every row gets a column, rows <= columns.
// Cost (row, column) = min(0, cost - limit); a pair at 0 means "left out".
class Component {
 public:
  Component(const CostMatrix& costs, float limit, const std::vector<int32_t>& rows, const std::vector<int32_t>& columns)
      : costs_(costs), limit_(limit), transposed_(rows.size() > columns.size()), rows_(transposed_ ? columns : rows),
        columns_(transposed_ ? rows : columns) {}

  void solve(Assignment& result) {
    const int32_t n = static_cast<int32_t>(rows_.size()), m = static_cast<int32_t>(columns_.size());
    std::vector<double> rowPotential(n + 1, 0), columnPotential(m + 1, 0), reduced(m + 1);
    std::vector<int32_t> rowOf(m + 1, 0), previous(m + 1, 0);  // 1-based, 0 = none
    std::vector<char> visited(m + 1);
    for (int32_t row = 1; row <= n; row++) {
      rowOf[0] = row;
      int32_t column = 0;
      std::fill(reduced.begin(), reduced.end(), std::numeric_limits<double>::infinity());
      std::fill(visited.begin(), visited.end(), 0);
      do {
        visited[column] = 1;
        const int32_t from = rowOf[column];
        double delta = std::numeric_limits<double>::infinity();
        int32_t next = 0;
        for (int32_t j = 1; j <= m; j++) {
          if (visited[j]) continue;
          const double cost = value(from - 1, j - 1) - rowPotential[from] - columnPotential[j];
          if (cost < reduced[j]) reduced[j] = cost, previous[j] = column;
          if (reduced[j] < delta) delta = reduced[j], next = j;
        }
        for (int32_t j = 0; j <= m; j++) {
          if (visited[j]) {
            rowPotential[rowOf[j]] += delta;
            columnPotential[j] -= delta;
          } else {
            reduced[j] -= delta;
          }
        }
        column = next;
      } while (rowOf[column] != 0);
      for (; column != 0; column = previous[column]) rowOf[column] = rowOf[previous[column]];
    }
    for (int32_t j = 1; j <= m; j++) {
      if (rowOf[j] == 0 || value(rowOf[j] - 1, j - 1) >= 0) continue;
      const int32_t a = rows_[rowOf[j] - 1], b = columns_[j - 1];
      const int32_t row = transposed_ ? b : a, col = transposed_ ? a : b;
      result.rowToColumn[row] = col;
      result.columnToRow[col] = row;
    }
  }

 private:
  double value(int32_t i, int32_t j) const {
    const float cost = transposed_ ? costs_.at(columns_[j], rows_[i]) : costs_.at(rows_[i], columns_[j]);
    return std::min(0.0, static_cast<double>(cost) - limit_);
  }
  const CostMatrix& costs_;
  float limit_;
  bool transposed_;
  const std::vector<int32_t>& rows_;
  const std::vector<int32_t>& columns_;
};

int32_t find(std::vector<int32_t>& parent, int32_t node) {
  while (parent[node] != node) node = parent[node] = parent[parent[node]];
  return node;
}

}  // namespace

Assignment assign(const CostMatrix& costs, float limit) {
  const int32_t rows = costs.rows(), columns = costs.columns();
  Assignment result{std::vector<int32_t>(rows, -1), std::vector<int32_t>(columns, -1)};
  std::vector<int32_t> parent(rows + columns);
  std::iota(parent.begin(), parent.end(), 0);
  for (int32_t i = 0; i < rows; i++) {
    for (int32_t j = 0; j < columns; j++) {
      if (costs.at(i, j) < limit) parent[find(parent, i)] = find(parent, rows + j);
    }
  }
  std::vector<std::vector<int32_t>> rowsOf(rows + columns), columnsOf(rows + columns);
  for (int32_t i = 0; i < rows; i++) rowsOf[find(parent, i)].push_back(i);
  for (int32_t j = 0; j < columns; j++) columnsOf[find(parent, rows + j)].push_back(j);
  for (int32_t root = 0; root < rows + columns; root++) {
    const std::vector<int32_t>&r = rowsOf[root], &c = columnsOf[root];
    if (r.empty() || c.empty()) continue;
    if (r.size() == 1 && c.size() == 1) {
      result.rowToColumn[r[0]] = c[0];
      result.columnToRow[c[0]] = r[0];
    } else {
      Component(costs, limit, r, c).solve(result);
    }
  }
  return result;
}

}  // namespace framepath::track
