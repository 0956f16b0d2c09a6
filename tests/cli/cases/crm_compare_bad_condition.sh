mc geometry crm-compare a b --fail-if 'cka.meen<0.98'
