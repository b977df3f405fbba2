  /**
   * Log of the standard normal distribution function, with an exact derivative; that of Stan's
   * normal_lcdf is approximate. Far in the lower tail it is the density over Laplace's continued
   * fraction (Abramowitz and Stegun 1964, 26.2.14).
   */
  real gr4j_log_normal_cdf(real u) {
    real fraction = -u;
    if (u > 0) return log1m(0.5 * erfc(u / sqrt2()));
    if (u > -8) return log(0.5 * erfc(-u / sqrt2()));
    for (k in 1 : 16) fraction = -u + (17 - k) / fraction;
    return std_normal_lpdf(u) - log(fraction);
  }
