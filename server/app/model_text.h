#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/app/network_report.h"
#include "server/graph/graph.h"

namespace rectifier {

// Rows of text as a table: columns as wide as their widest cell, two spaces between them.
std::string Table(const std::vector<std::vector<std::string>>& rows);

// "image FP32 [?, 1, 8, 8]", a line each.
std::string PortsText(const Graph& graph);

// How many nodes there are of each operator, fused ones apart; and as text: "3 Conv, 1 Gemm".
std::map<std::string, int> CountOperators(const Graph& graph);
std::string OperatorCounts(const Graph& graph);

// A table of rectifiers: node, the form that it was found in, what its slope came from, the slope's
// shape and range, and how it is carried out.
std::string RectifierTable(const std::vector<RectifierInfo>& rectifiers);

// Parameters, arithmetic, steps and memory, a line each.
std::string CostText(const NetworkCost& cost);

}  // namespace rectifier
