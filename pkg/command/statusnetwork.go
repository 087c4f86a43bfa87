package command

import "strings"

// showNetwork adds what lies between this machine and the cache.
func (s *statusJSON) showNetwork(found inquiry) {
	n := found.network
	s.Proxy, s.Headers, s.Preflight = found.proxy, headerNames(n.header), found.settings.Preflight
	s.Origins.Headers, s.Origins.Preflight = n.headerOrigin, found.settings.PreflightOrigin
	if s.Proxy != "" {
		s.Origins.Proxy = n.proxyOrigin
	}
	if n.certificate != nil {
		s.ClientCertificate, s.Origins.ClientCertificate = certificateText(n.certificate), n.certificateOrigin
	}
}

// printNetwork prints the same, where there is any of it.
func (a *app) printNetwork(s statusJSON) {
	if s.Proxy != "" {
		a.printFact("proxy", s.Proxy, s.Origins.Proxy)
	}
	if len(s.Headers) > 0 {
		a.printFact("headers", strings.Join(s.Headers, ", "), s.Origins.Headers)
	}
	if s.ClientCertificate != "" {
		a.printFact("client certificate", s.ClientCertificate, s.Origins.ClientCertificate)
	}
	if s.Preflight {
		a.printFact("preflight", "on", s.Origins.Preflight)
	}
}
