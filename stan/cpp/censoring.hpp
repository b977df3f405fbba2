// What the error models share of censored days, on which an observation is only known to be at or
// below a limit: the log of that probability.
#include <cmath>

namespace gr4j {

// Log of the standard normal distribution function, and its derivative. Far in the lower tail it is
// the density over Laplace's continued fraction (Abramowitz and Stegun 1964, 26.2.14).
inline double log_normal_cdf(double u, double& slope) {
  const double log_sqrt_2pi = 0.91893853320467274178, sqrt_half = 0.70710678118654752440;
  if (u > -8) {
    const double upper = 0.5 * std::erfc(std::fabs(u) * sqrt_half);
    slope = std::exp(-0.5 * u * u - log_sqrt_2pi) / (u > 0 ? 1 - upper : upper);
    return u > 0 ? std::log1p(-upper) : std::log(upper);
  }
  double fraction = -u;
  for (int k = 16; k > 0; --k) fraction = -u + k / fraction;
  slope = fraction;
  return -0.5 * u * u - log_sqrt_2pi - std::log(fraction);
}

}  // namespace gr4j
