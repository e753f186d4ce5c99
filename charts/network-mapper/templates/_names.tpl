{{- define "nm.name" -}}
{{- .Values.fullnameOverride | default "network-mapper" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "nm.clusterWide" -}}
{{ .Release.Namespace }}-{{ include "nm.name" . }}
{{- end -}}

{{- define "nm.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that select; call with (dict "root" . "component" NAME). The command line finds the mapper by them. */}}
{{- define "nm.selector" -}}
app.kubernetes.io/name: network-mapper
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* One line for each key, so that what is given replaces what is ours; call with (dict "own" LIST-OF-PAIRS "given" DICT). */}}
{{- define "nm.pairs" -}}
{{- $given := .given -}}
{{- range .own -}}
{{- if not (hasKey $given (first (keys .))) }}
{{ toYaml . }}
{{- end -}}
{{- end -}}
{{- with $given }}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* Labels that select stay; call with (dict "root" . "component" NAME), with "own" and "labels" for more of both. */}}
{{- define "nm.labels" -}}
{{ include "nm.selector" . }}
{{- $given := omit (merge (dict) (.labels | default dict) .root.Values.commonLabels) "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- $own := list
  (dict "app.kubernetes.io/version" .root.Chart.AppVersion)
  (dict "app.kubernetes.io/managed-by" .root.Release.Service)
  (dict "app.kubernetes.io/part-of" "network-mapper")
  (dict "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version))
-}}
{{- include "nm.pairs" (dict "own" (concat $own (.own | default list)) "given" $given) }}
{{- end -}}

{{- define "nm.metadata" -}}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "nm.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A mesh in the pods' way would hide who asks, and would see its own traffic: injection off, in every mesh's words. */}}
{{- define "nm.podMetadata" -}}
labels:
  {{- $labels := list (dict "sidecar.istio.io/inject" "false") (dict "istio.io/dataplane-mode" "none") }}
  {{- include "nm.labels" (merge (dict "own" $labels) .) | nindent 2 }}
annotations:
  {{- $annotations := list
    (dict "sidecar.istio.io/inject" "false")
    (dict "linkerd.io/inject" "disabled")
    (dict "kuma.io/sidecar-injection" "disabled")
    (dict "consul.hashicorp.com/connect-inject" "false")
  }}
  {{- $given := merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
  {{- include "nm.pairs" (dict "own" $annotations "given" $given) | trim | nindent 2 }}
{{- end -}}

{{- define "nm.mapperUrl" -}}
{{- $host := printf "%s.%s.svc" .Values.mapper.service.name .Release.Namespace -}}
{{- if eq .Values.tls.mode "none" -}}http://{{ $host }}:{{ .Values.mapper.service.port }}/query
{{- else -}}https://{{ $host }}:{{ .Values.tls.port }}/query{{- end -}}
{{- end -}}

{{/* What every reporter has: who it is (a token for us alone) and whom it trusts. */}}
{{- define "nm.reporterArgs" -}}
- --mapper-url={{ include "nm.mapperUrl" . }}
- --token-file=/var/run/network-mapper/token/token
{{- if ne .Values.tls.mode "none" }}
- --ca-file=/var/run/network-mapper/ca/ca.crt
{{- end }}
- --log-level={{ .Values.logLevel }}
{{- end -}}

{{- define "nm.reporterMounts" -}}
- { name: token, mountPath: /var/run/network-mapper/token, readOnly: true }
{{- if ne .Values.tls.mode "none" }}
- { name: ca, mountPath: /var/run/network-mapper/ca, readOnly: true }
{{- end }}
{{- end -}}

{{- define "nm.reporterVolumes" -}}
- name: token
  projected:
    sources:
      - serviceAccountToken: { audience: network-mapper, expirationSeconds: 3600, path: token }
{{- if ne .Values.tls.mode "none" }}
- name: ca
  {{- if or (eq .Values.tls.mode "chart") (eq .Values.tls.mode "mapper") }}
  # Named, so that pods wait for the mapper to write it at the very first start: a key that comes later takes kubelets a minute.
  configMap:
    name: {{ include "nm.name" . }}-ca
    items: [{ key: ca.crt, path: ca.crt }]
  {{- else }}
  secret:
    secretName: {{ .Values.tls.secretName }}
    items: [{ key: ca.crt, path: ca.crt }]
  {{- end }}
{{- end }}
{{- end -}}

{{- define "nm.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "nm.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* "claim" or "emptyDir" for the embedded store; empty with PostgreSQL. */}}
{{- define "nm.volume" -}}
{{- $store := .Values.mapper.store -}}
{{- if eq $store.type "sqlite" -}}
{{- $enabled := toString $store.persistence.enabled -}}
{{- if eq $enabled "true" -}}claim
{{- else if eq $enabled "false" -}}emptyDir
{{- else if or $store.persistence.existingClaim $store.persistence.storageClassName -}}claim
{{- else if not (lookup "v1" "Namespace" "" "kube-system") -}}claim
{{- else if lookup "v1" "PersistentVolumeClaim" .Release.Namespace (printf "%s-data" (include "nm.name" .)) -}}claim
{{- else -}}
{{- $found := "emptyDir" -}}
{{- range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items -}}
{{- if eq (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "" .) "true" -}}{{- $found = "claim" -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names by which reporters reach the mapper, a YAML list; the one that they use first. */}}
{{- define "nm.tlsNames" -}}
{{- $host := printf "%s.%s" .Values.mapper.service.name .Release.Namespace -}}
{{- $names := list (printf "%s.svc" $host) $host .Values.mapper.service.name -}}
{{- range .Values.clusterDomains }}{{ $names = append $names (printf "%s.svc.%s" $host .) }}{{ end -}}
{{- toYaml $names -}}
{{- end -}}

{{- define "nm.tlsSecret" -}}
{{- if eq .Values.tls.mode "chart" -}}{{ include "nm.name" . }}-tls{{- else -}}{{ .Values.tls.secretName }}{{- end -}}
{{- end -}}
