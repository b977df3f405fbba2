// Seconds of a value and of a value + gradient of the bare kernel.
//
//   PROGRAM REPEATS < DATA    DATA: x1 x2 x3 x4 S0 R0, T, then P and E of T days
//
// Prints the mean seconds of both. In the gradient the flows' adjoints are Q - 1.
#include "kernel.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

int main(int, char* argv[]) {
  const int repeats = std::atoi(argv[1]);
  gr4j::parameters p;
  int T;
  std::cin >> p.x1 >> p.x2 >> p.x3 >> p.x4 >> p.S0 >> p.R0 >> T;
  std::vector<double> P(T), E(T), Q(T), Q_adjoint(T);
  for (double& value : P) std::cin >> value;
  for (double& value : E) std::cin >> value;
  std::vector<double> pr(T + 100), work(2 * (T + 100));
  std::vector<gr4j::day> days(T);

  volatile double sink = 0;
  auto run = [&](bool gradient) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) {
      const gr4j::hydrograph u1 = gr4j::uh1(p.x4), u2 = gr4j::uh2(p.x4);
      if (gradient) {
        gr4j::simulate<true>(T, P.data(), E.data(), p, u1, u2, pr.data(), days.data(), Q.data());
        for (int t = 0; t < T; ++t) Q_adjoint[t] = Q[t] - 1;
        sink = gr4j::adjoint(T, P.data(), E.data(), p, u1, u2, pr.data(), days.data(),
                             Q_adjoint.data(), work.data()).x1;
      } else {
        gr4j::simulate<false>(T, P.data(), E.data(), p, u1, u2, pr.data(), nullptr, Q.data());
        sink = Q[T - 1];
      }
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return elapsed.count() / repeats;
  };
  run(false);
  run(true);
  const double value = run(false);
  std::printf("%.9g %.9g\n", value, run(true));
}
