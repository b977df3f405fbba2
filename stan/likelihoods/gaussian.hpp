// The C++ of gaussian.stan.j2: independent Gaussian errors with standard deviation sigma.
#include <cmath>

namespace gr4j {

// Log density of the observations y on n days, and its derivatives. Q_adjoint, zero on entry, gets
// those with respect to the flows; days count from 1. errors: sigma.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], precision = 1 / (sigma * sigma);
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double residual = y[i] - Q[day[i] - 1];
    squares += residual * residual;
    Q_adjoint[day[i] - 1] = residual * precision;
  }
  errors_adjoint[0] = (squares * precision - n) / sigma;
  return -0.5 * squares * precision - n * (std::log(sigma) + 0.91893853320467274178);
}

}  // namespace gr4j
