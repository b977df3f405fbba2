// The kernel without Stan. Reads cases from standard input, each as
//
//   T  x1 x2 x3 x4 S0 R0  P[T]  E[T]  Q_adjoint[T]
//
// and prints a line for each: the flows simulated without a gradient, those simulated with one, and
// the adjoints of the six parameters. Every buffer is exactly as long as the kernel asks for, so
// that a sanitizer sees any step beyond it, and holds NaN wherever the kernel asks for nothing.
#include "kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <vector>

namespace {

using series = std::vector<double>;

series read(int n) {
  series values(n);
  for (double& value : values) std::cin >> value;
  return values;
}

void print(const series& values) {
  for (double value : values) std::printf("%.17g ", value);
}

}  // namespace

int main() {
  for (int T; std::cin >> T;) {
    const series x = read(6), P = read(T), E = read(T), Q_adjoint = read(T);
    if (!std::cin) return 1;
    const gr4j::parameters p{x[0], x[1], x[2], x[3], x[4], x[5]};
    const gr4j::hydrograph uh1 = gr4j::uh1(p.x4), uh2 = gr4j::uh2(p.x4);

    series Q(T, NAN), pr(uh2.size() - 1 + T, NAN), work(2 * (T + uh2.size()), NAN);
    std::fill_n(pr.begin(), uh2.size() - 1, 0.0);
    std::vector<gr4j::day> days(T);
    gr4j::simulate<false>(T, P.data(), E.data(), p, uh1, uh2, pr.data(), nullptr, Q.data());
    print(Q);
    gr4j::simulate<true>(T, P.data(), E.data(), p, uh1, uh2, pr.data(), days.data(), Q.data());
    print(Q);
    const gr4j::parameters bar = gr4j::adjoint(T, P.data(), E.data(), p, uh1, uh2, pr.data(),
                                               days.data(), Q_adjoint.data(), work.data());
    print({bar.x1, bar.x2, bar.x3, bar.x4, bar.S0, bar.R0});
    std::printf("\n");
  }
  return 0;
}
