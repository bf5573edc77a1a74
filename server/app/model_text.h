#pragma once

#include <string>
#include <vector>

#include "server/engine/program.h"
#include "server/graph/graph.h"
#include "server/models/signature.h"

namespace rectifier {

// Rows of text as a table: columns as wide as their widest cell, two spaces between them.
std::string Table(const std::vector<std::vector<std::string>>& rows);

// "image FP32 [?, 1, 8, 8]", a line each.
std::string PortsText(const Graph& graph);

// How many nodes of each operator: "3 Conv, 1 Gemm".
std::string OperatorCounts(const Graph& graph);

// A table of every rectifier of an optimized graph: its node, what its slope came from, the slope's
// shape and range, and how `program` carries it out.
std::string RectifierTable(const Graph& graph, const Program& program);

}  // namespace rectifier
